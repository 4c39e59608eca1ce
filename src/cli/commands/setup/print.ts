import type { Prepared } from '../../../app/run-setup.ts';
import type { Terminal } from '../../terminal.ts';
import { diffText, indent } from '../../text.ts';

type Item = Prepared['items'][number];

const SIGN = { create: '+', change: '~', delete: '-', keep: '=', conflict: '!' } as const;

/** A plan as data, the same for `plan`, `apply` and `destroy`. */
export function planDocument(prepared: Prepared): Readonly<Record<string, unknown>> {
  const { cluster, site, digest, summary, items, notes } = prepared;
  return { cluster, site, digest, summary, items, notes };
}

/** Where the plan applies, its items as a tree with the diff of every document, and what it adds up to. */
export function printPlan({ out, colors, symbols }: Pick<Terminal, 'out' | 'colors' | 'symbols'>, prepared: Prepared): void {
  const { site, cluster, items, notes, summary } = prepared;
  out(`cluster ${colors.bold(cluster)} · account ${site.account} · region ${site.region} · issuer ${site.issuer}\n`);
  const paint = { create: colors.green, change: colors.yellow, delete: colors.red, keep: colors.dim, conflict: colors.red } as const;
  for (const { item, depth } of asTree(items)) {
    const margin = '  '.repeat(depth);
    out(`${margin}${paint[item.verb](`${SIGN[item.verb]} ${item.verb.padEnd(8)} ${item.object}`)}  ${colors.dim(item.reason)}\n`);
    if (item.fix !== undefined) out(`${margin}    ${colors.bold('fix')}: ${item.fix}\n`);
    if (item.before !== undefined && item.after !== undefined)
      out(`${indent(diffText({ before: pretty(item.before), after: pretty(item.after) }, colors), 4 + 2 * depth)}\n`);
  }
  for (const note of notes) out(`${symbols.note} ${note}\n`);
  const deletions = summary.delete > 0 ? `, ${summary.delete} to delete` : '';
  out(`\n${summary.create} to create, ${summary.change} to change${deletions}, ${summary.keep} kept, ${summary.conflict} in conflict\n`);
}

/** Each item under the role or namespace that it belongs to, in the plan's order otherwise. */
function asTree(items: readonly Item[]): readonly { readonly item: Item; readonly depth: number }[] {
  const objects = new Set(items.map(({ object }) => object));
  const parentOf = ({ object }: Item): string | undefined => {
    const [kind, owner = ''] = object.split('/');
    const parent = kind === 'policy' || kind === 'trust' ? `role/${owner}` : kind === 'serviceaccount' ? `namespace/${owner}` : undefined;
    return parent !== undefined && objects.has(parent) ? parent : undefined;
  };
  const seen = new Set<string>();
  return items
    .filter((item) => parentOf(item) === undefined)
    .flatMap((item) => {
      const first = !seen.has(item.object);
      seen.add(item.object);
      const children = first ? items.filter((child) => parentOf(child) === item.object) : [];
      return [{ item, depth: 0 }, ...children.map((child) => ({ item: child, depth: 1 }))];
    });
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
