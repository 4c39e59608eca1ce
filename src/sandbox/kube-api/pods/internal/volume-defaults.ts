import { defaultFieldRef } from './container-defaults.ts';
import { edited, listOf, type Members, membersOf, objectOf, withDefaults } from './edit.ts';

/** Permissions of a projected file, 0644. */
export const DEFAULT_MODE = 420;

/** A volume with its defaults; one without a source is an empty directory. */
export function defaultVolume(volume: Members): Members {
  const sources = Object.keys(volume).filter((name) => name !== 'name');
  if (sources.length === 0) return { ...volume, emptyDir: {} };
  return edited(volume, {
    secret: withMode,
    configMap: withMode,
    downwardAPI: (value) => objectOf(value, (source) => withModeIn(edited(source, { items: fieldItems }))),
    projected: (value) => objectOf(value, (source) => withModeIn(edited(source, { sources: (list) => listOf(list, defaultProjection) }))),
    hostPath: (value) => objectOf(value, (source) => ({ ...source, type: source.type ?? '' })),
    ephemeral: (value) => objectOf(value, (source) => edited(source, { volumeClaimTemplate: defaultClaim })),
  });
}

function withMode(value: unknown): unknown {
  return objectOf(value, withModeIn);
}

/** A mode of 0 is a mode; only an absent one is defaulted. */
function withModeIn(source: Members): Members {
  return { ...source, defaultMode: source.defaultMode ?? DEFAULT_MODE };
}

function defaultProjection(projection: Members): Members {
  return edited(projection, {
    serviceAccountToken: (value) => objectOf(value, (token) => ({ ...token, expirationSeconds: token.expirationSeconds ?? 3600 })),
    downwardAPI: (value) => objectOf(value, (source) => edited(source, { items: fieldItems })),
  });
}

function fieldItems(value: unknown): unknown {
  return listOf(value, (item) => edited(item, { fieldRef: defaultFieldRef }));
}

function defaultClaim(value: unknown): unknown {
  return objectOf(value, (claim) => ({
    metadata: {},
    ...claim,
    spec: withDefaults(membersOf(claim.spec), { volumeMode: 'Filesystem' }),
  }));
}
