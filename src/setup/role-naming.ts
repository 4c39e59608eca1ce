import { fittingRoleName, type Sha256Hex } from '../identity/role-names.ts';

/** The patterns of kfctl: 1.1.0 put the region in, because clusters of one name in two regions collided. */
export const ROLE_NAME_PATTERNS = {
  'kfctl-1.0': 'kf-{role}-{cluster}',
  'kfctl-1.1': 'kf-{role}-{region}-{cluster}',
} as const;

/** What a template may speak of. */
export interface RoleNaming {
  /** `admin`, `user`, or a component. */
  readonly role: string;
  readonly cluster: string;
  readonly region: string;
}

/** A template, or the one that a pattern's name stands for. */
export function roleTemplate(text: string): string {
  return Object.entries(ROLE_NAME_PATTERNS).find(([name]) => name === text)?.[1] ?? text;
}

/** Everything that is wrong with a template. */
export function mistakesInTemplate(template: string): readonly string[] {
  const mistakes: string[] = [];
  const words = [...template.matchAll(/\{(\w*)\}/g)].map(([, word = '']) => word);
  const unknown = words.filter((word) => !['role', 'cluster', 'region'].includes(word));
  if (unknown.length > 0) mistakes.push(`{${unknown[0]}} is unknown: use {role}, {cluster} and {region}`);
  if (!words.includes('role')) mistakes.push('it must hold {role}, or all roles would be one');
  if (!words.includes('cluster')) mistakes.push('it must hold {cluster}, or two clusters would share their roles');
  if (!/^[A-Za-z0-9_+=,.@-]*$/.test(template.replace(/\{\w*\}/g, '')))
    mistakes.push('role names are made of letters, digits and any of _+=,.@-');
  return mistakes;
}

/** The name of a role by a template without mistakes, within IAM's 64 characters: a longer one ends in a hash of itself. */
export function nameRole(template: string, naming: RoleNaming, sha256Hex: Sha256Hex): string {
  const full = template.replace(/\{(role|cluster|region)\}/g, (_, word: keyof RoleNaming) => naming[word]);
  return fittingRoleName(full, sha256Hex);
}
