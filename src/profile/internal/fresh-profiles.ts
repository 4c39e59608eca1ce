import type { Clock } from '../../base/clock.ts';
import type { ProfileStore } from '../ports.ts';
import { nameOf, type Profile } from '../profile.ts';
import { isOlder } from './object-version.ts';

/** How long a direct look at a profile counts as fresh, in milliseconds. */
export const CONFIRMED_MS = 2_000;

interface Seen {
  /** What the cache held when the API server answered: where versions do not compare, anything else means that it has caught up. */
  readonly cached: string | undefined;
  readonly profile: Profile;
  readonly at: number;
}

/** The cached profiles, corrected by what the API server itself answered to our own reads and writes. */
export class FreshProfiles {
  readonly #store: Pick<ProfileStore, 'list' | 'get'>;
  readonly #clock: Clock;
  readonly #seen = new Map<string, Seen>();

  constructor(store: Pick<ProfileStore, 'list' | 'get'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get(name: string): Profile | undefined {
    return this.#correct(name, this.#store.get(name));
  }

  list(): readonly Profile[] {
    const listed = this.#store.list().flatMap((profile) => this.#correct(nameOf(profile), profile) ?? []);
    return listed;
  }

  /** An answer of the API server, asked for at `startedAt` (monotonic). */
  saw(profile: Profile, startedAt: number): void {
    const name = nameOf(profile);
    if (isOlder(profile.metadata.resourceVersion, this.#seen.get(name)?.profile.metadata.resourceVersion) === true) return;
    this.#seen.set(name, { cached: this.#store.get(name)?.metadata.resourceVersion, profile, at: startedAt });
  }

  forget(name: string): void {
    this.#seen.delete(name);
  }

  /** Whether this very version of the profile was answered by the API server a moment ago. */
  confirmed(profile: Profile): boolean {
    const seen = this.#seen.get(nameOf(profile));
    return (
      seen !== undefined &&
      seen.profile.metadata.resourceVersion === profile.metadata.resourceVersion &&
      this.#clock.monotonic() - seen.at <= CONFIRMED_MS
    );
  }

  #correct(name: string, cached: Profile | undefined): Profile | undefined {
    const seen = this.#seen.get(name);
    if (seen === undefined || cached === undefined) return cached;
    const older =
      isOlder(cached.metadata.resourceVersion, seen.profile.metadata.resourceVersion) ?? cached.metadata.resourceVersion === seen.cached;
    if (older) return seen.profile;
    // Caught up: what was seen says no more than the cache does, but for a moment that it was looked at directly.
    if (this.#clock.monotonic() - seen.at > CONFIRMED_MS) this.#seen.delete(name);
    return cached;
  }
}
