import { goV1 } from './support/clients.ts';
import { scenario } from './support/scenario.ts';

scenario('AWS SDK for Go v1', await goV1());
