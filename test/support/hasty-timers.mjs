// Loaded into a podrole process of a test: whatever is done once a minute or more seldom is done twice a second.
// The clock and all shorter timers are as ever.
const LONG_MS = 60_000;
const SHORT_MS = 500;
const { setTimeout } = globalThis;

globalThis.setTimeout = Object.assign((run, ms, ...args) => setTimeout(run, ms === LONG_MS ? SHORT_MS : ms, ...args), setTimeout);
