import type { ContextLookup } from './request-context.ts';

/** A policy value after its variables were replaced; `literal` marks the characters that no longer are wildcards. */
export interface ResolvedValue {
  readonly text: string;
  readonly literal: readonly boolean[] | undefined;
}

/**
 * Replaces `${key}`, `${key, 'default'}`, `${*}`, `${?}` and `${$}`. What a variable stands for is always literal text, never a
 * wildcard. Undefined when a key without default is absent or multivalued: such a value equals nothing.
 * Source: IAM user guide, policy variables (Version 2012-10-17 only; callers decide).
 */
export function resolveVariables(value: string, context: ContextLookup): ResolvedValue | undefined {
  let text = '';
  const literal: boolean[] = [];
  const append = (piece: string, isLiteral: boolean): void => {
    text += piece;
    for (let i = 0; i < piece.length; i += 1) literal.push(isLiteral);
  };
  let at = 0;
  for (;;) {
    const start = value.indexOf('${', at);
    const end = start < 0 ? -1 : value.indexOf('}', start);
    if (start < 0 || end < 0) {
      append(value.slice(at), false);
      return { text, literal };
    }
    append(value.slice(at, start), false);
    const resolved = resolveOne(value.slice(start + 2, end), context);
    if (resolved === undefined) return undefined;
    append(resolved, true);
    at = end + 1;
  }
}

const WITH_DEFAULT = /^([^,]+),\s*'([^']*)'\s*$/;

function resolveOne(inside: string, context: ContextLookup): string | undefined {
  if (inside === '*' || inside === '?' || inside === '$') return inside;
  const [, key = inside, fallback] = WITH_DEFAULT.exec(inside) ?? [];
  const found = context(key.trim());
  return typeof found === 'string' ? found : found === undefined ? fallback : undefined;
}
