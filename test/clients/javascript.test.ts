import { javascript } from './support/clients.ts';
import { scenario } from './support/scenario.ts';

scenario('AWS SDK for JavaScript v3', await javascript());
