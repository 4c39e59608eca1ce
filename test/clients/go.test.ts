import { go } from './support/clients.ts';
import { scenario } from './support/scenario.ts';

scenario('AWS SDK for Go v2', await go());
