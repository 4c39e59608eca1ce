import { awsCli } from './support/clients.ts';
import { scenario } from './support/scenario.ts';

scenario('AWS CLI', await awsCli());
