import { boto3 } from './support/clients.ts';
import { scenario } from './support/scenario.ts';

scenario('boto3', await boto3());
