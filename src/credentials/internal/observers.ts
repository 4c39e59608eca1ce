import { messageOf } from '../../base/errors.ts';
import type { CredentialEvent, CredentialObserver } from '../events.ts';

/** Who wants to be told. Held weakly: a provider that nobody keeps does not keep its observer. */
export class Observers {
  readonly #all = new Set<WeakRef<CredentialObserver>>();

  add(observer: CredentialObserver): void {
    for (const each of this.#all) {
      const known = each.deref();
      if (known === observer) return;
      if (known === undefined) this.#all.delete(each);
    }
    this.#all.add(new WeakRef(observer));
  }

  tell(event: CredentialEvent): void {
    for (const each of this.#all) {
      try {
        each.deref()?.(event);
      } catch (error) {
        process.emitWarning(`a credential observer threw: ${messageOf(error)}`, { code: 'PODROLE_OBSERVER' });
      }
    }
  }
}

/** What is told where nobody observes: what a person should mend, once per message. */
export function warningsOnly(): CredentialObserver {
  const said = new Set<string>();
  return (event) => {
    const message =
      event.type === 'token-undecodable'
        ? event.message
        : event.type === 'token-stale'
          ? `token in ${event.file} expired ${event.expired.toISOString()} and is not being renewed`
          : event.type === 'clock-skew'
            ? `this machine's clock is ${Math.abs(Math.round(event.skewMs / 1000))} s ${event.skewMs > 0 ? 'behind' : 'ahead of'} AWS's`
            : undefined;
    if (message === undefined || said.has(event.type)) return;
    said.add(event.type);
    process.emitWarning(message, { code: 'PODROLE_CREDENTIALS' });
  };
}
