import { java } from './support/clients.ts';
import { scenario } from './support/scenario.ts';

scenario('AWS SDK for Java v2', await java());
