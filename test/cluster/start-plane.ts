import { startOwnPlane } from '../support/worlds/world.ts';

// Runs before each test file of the real world.
await startOwnPlane();
