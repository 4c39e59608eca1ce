import type { PodOutline, VolumeOutline } from '../pod-outline.ts';
import type { Injection, PodPatch } from '../pod-patch.ts';
import type { Note } from '../reason-codes.ts';

/** Volume names are DNS labels (RFC 1123). */
const MAX_VOLUME_NAME_LENGTH = 63;

/**
 * Which volume carries the token: a fresh one, one that is there and does the same, or a foreign one of the same name, which upstream
 * points at without a word and which is therefore kept by default, with a note.
 */
export function resolveVolume(
  pod: PodOutline,
  { injection, volumeNamed }: { readonly injection: Injection; readonly volumeNamed: (name: string) => VolumeOutline | undefined },
  notes: Note[],
): PodPatch['volume'] {
  const wanted = injection.volume.name;
  const origin = originOf(
    pod.volumes?.find(({ name }) => name === wanted),
    injection,
  );
  if (origin !== 'foreign') return { name: wanted, origin };
  if (injection.volumeClash === 'keep') {
    notes.push({
      reason: 'VolumeClash',
      message: `volume ${wanted} of the pod does not hold the token for its role, rename it`,
    });
    return { name: wanted, origin };
  }
  for (let attempt = 1; ; attempt += 1) {
    const suffix = attempt === 1 ? '-podrole' : `-podrole-${attempt}`;
    const name = `${wanted.slice(0, MAX_VOLUME_NAME_LENGTH - suffix.length)}${suffix}`;
    const renamed = originOf(volumeNamed(name), injection);
    if (renamed !== 'foreign') {
      if (renamed === 'added')
        notes.push({ reason: 'VolumeClash', message: `volume ${wanted} of the pod is another one, the token is in volume ${name}` });
      return { name, origin: renamed };
    }
  }
}

function originOf(present: VolumeOutline | undefined, injection: Injection): PodPatch['volume']['origin'] {
  if (present === undefined) return 'added';
  const { audience, file } = injection.volume;
  return present.token?.audience === audience && present.token.path === file ? 'present' : 'foreign';
}
