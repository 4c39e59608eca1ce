import type { Permission } from '../access/permission.ts';
import type { Call } from '../world.ts';
import type { Form } from './form.ts';
import { type InputOf, readInput, type Shape } from './shape.ts';
import type { XmlObject } from './xml.ts';

/** Who may call an action of a Query service, and what it does. */
export interface OperationDefinition<S extends Shape> {
  /** `open`: anybody may ask, the input itself is the proof; `signed`: any valid credentials will do; else what the caller must be allowed. */
  readonly access: 'open' | 'signed' | ((input: InputOf<S>, call: Call) => Permission);
  /** The members of the `…Result` element; undefined leaves that element out, as the service does for actions without output. */
  readonly run: (input: InputOf<S>, call: Call) => XmlObject | undefined | Promise<XmlObject | undefined>;
}

/** An action ready to run on one request's parameters, which have been found valid. */
export interface PreparedOperation {
  /** What the caller must be allowed; undefined: nothing. */
  readonly permission: (call: Call) => Permission | undefined;
  readonly run: (call: Call) => XmlObject | undefined | Promise<XmlObject | undefined>;
}

export interface Operation {
  readonly name: string;
  readonly signed: boolean;
  /** Reads the parameters; throws `ValidationError` or `MalformedInput`. */
  prepare(form: Form): PreparedOperation;
}

/**
 * An action by its name and the shape of its input, then its definition (in two steps, so that the definition's types follow
 * from the shape). The input's type is hidden, so that a service's actions fit into one table.
 */
export function operation<S extends Shape>(name: string, shape: S): (definition: OperationDefinition<S>) => Operation {
  return ({ access, run }) => ({
    name,
    signed: access !== 'open',
    prepare(form) {
      const input = readInput(shape, form);
      return {
        permission: (call) => (typeof access === 'function' ? access(input, call) : undefined),
        run: (call) => run(input, call),
      };
    },
  });
}

/** The operations by name. */
export function operationTable(...groups: readonly (readonly Operation[])[]): ReadonlyMap<string, Operation> {
  return new Map(groups.flat().map((entry) => [entry.name, entry]));
}
