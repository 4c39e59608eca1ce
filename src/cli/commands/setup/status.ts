import type { statusWith } from '../../../app/run-setup.ts';
import type { Terminal } from '../../terminal.ts';

type Status = Awaited<ReturnType<typeof statusWith>>;

/** What exists, what differs and in which field, who made it, and how the trust policies stand. */
export function printStatus({ out, colors, symbols }: Pick<Terminal, 'out' | 'colors' | 'symbols'>, status: Status): void {
  const { site } = status;
  out(`account ${site.account} · region ${site.region} · issuer ${site.issuer}\n`);
  for (const { object, state, reason, madeBy, differs } of status.items) {
    const good = state === 'ok';
    const mark = good ? colors.green(symbols.ok) : colors.red(symbols.no);
    const maker = madeBy === undefined || madeBy === 'podrole setup' ? '' : ` (made by ${madeBy})`;
    out(`${mark} ${state.padEnd(7)} ${object}${maker}  ${colors.dim(reason)}\n`);
    for (const path of differs ?? []) out(`            differs at ${path}\n`);
  }
  for (const { role, size, quota, findings } of status.trust) {
    const share = quota === 'off' ? '' : ` of ${quota} (${Math.round((size / quota) * 100)} %)`;
    out(`trust policy of ${role}: ${size}${share} characters\n`);
    for (const { severity, code, path, message, fix } of findings) {
      const mark = severity === 'error' ? colors.red(symbols.no) : symbols.note;
      out(`  ${mark} ${severity} ${code} at ${path}: ${message}; ${fix}\n`);
    }
  }
  for (const { role, policies } of status.userPolicies) out(`attached to ${role} by its users: ${policies.join(', ')}\n`);
  for (const note of status.notes) out(`${symbols.note} ${note}\n`);
}
