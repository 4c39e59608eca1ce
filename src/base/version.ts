/** Written in by the build. */
declare const PODROLE_VERSION: string;

/** The product's version, as in its package. */
export const VERSION: string = PODROLE_VERSION;
