import { createHash } from 'node:crypto';
import { CLUSTER_TAG } from '../../src/setup/desired-state.ts';
import type { Deleted, SetupPorts, Written } from '../../src/setup/ports.ts';

export const ACCOUNT = '111122223333';
export const REGION = 'us-west-2';
export const ISSUER = 'https://oidc.eks.us-west-2.amazonaws.com/id/AAAA0000AAAA0000AAAA0000AAAA0000';
export const OTHER_ISSUER = 'https://oidc.eks.us-west-2.amazonaws.com/id/BBBB0000BBBB0000BBBB0000BBBB0000';
export const CLUSTER_ARN = `arn:aws:eks:${REGION}:${ACCOUNT}:cluster/demo`;
export const providerArn = (issuer = ISSUER): string => `arn:aws:iam::${ACCOUNT}:oidc-provider/${issuer.slice('https://'.length)}`;
export const roleArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;
export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The tags that setup gives to what it makes for the demo cluster. */
export const OWN_TAGS = { [CLUSTER_TAG]: CLUSTER_ARN, 'podrole.dev/owner': 'setup', 'podrole.dev/version': '0.0.0' };

interface Role {
  readonly arn: string;
  trustPolicy: string;
  tags: Record<string, string>;
  inline: Record<string, string>;
  attached: string[];
}

interface Account {
  roleArn?: string;
  /** Who applied the annotation. */
  annotators: string[];
  made: boolean;
  others: string[];
}

/** Everything that setup can see of an AWS account and a cluster, as plain data. */
export interface SetupState {
  providers: Record<string, { clientIds: string[]; thumbprints: string[]; tags: Record<string, string> }>;
  roles: Record<string, Role>;
  namespaces: Record<string, { made: boolean }>;
  accounts: Record<string, Account>;
  profiles: Record<string, string[]>;
}

/** An account and a cluster in memory, for tests at setup's ports. `state` may be read and changed at will. */
export class SetupWorld {
  state: SetupState = { providers: {}, roles: {}, namespaces: { 'kube-system': { made: false } }, accounts: {}, profiles: {} };
  identity = { account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:user/admin` };
  cluster: { arn: string; status: string; issuer: string | undefined } | undefined = { arn: CLUSTER_ARN, status: 'ACTIVE', issuer: ISSUER };
  issuer = ISSUER;

  putRole(name: string, role: Partial<Omit<Role, 'arn'>>): void {
    this.state.roles[name] = { arn: roleArn(name), trustPolicy: '{}', tags: {}, inline: {}, attached: [], ...role };
  }

  /** What a test compares: no order of keys in it that depends on who was first. */
  snapshot(): SetupState {
    return structuredClone(this.state);
  }

  ports(): SetupPorts {
    const { state } = this;
    const onRole = (name: string, change: (role: Role) => void): Written => {
      const role = state.roles[name];
      if (role === undefined) return 'absent';
      change(role);
      return 'done';
    };
    const remove = <T>(from: Record<string, T>, name: string): Deleted => {
      if (from[name] === undefined) return 'absent';
      delete from[name];
      return 'deleted';
    };
    return {
      aws: {
        identity: async () => this.identity,
        cluster: async () => this.cluster,
        provider: async (arn) => {
          const found = state.providers[arn];
          return found && { arn, issuer: `https://${arn.split('oidc-provider/')[1]}`, ...structuredClone(found) };
        },
        role: async (name) => {
          const found = state.roles[name];
          return found && { name, arn: found.arn, trustPolicy: found.trustPolicy, tags: { ...found.tags } };
        },
        inlinePolicies: async (role) => state.roles[role] && Object.keys(state.roles[role].inline),
        inlinePolicy: async (role, policy) => state.roles[role]?.inline[policy],
        attachedPolicies: async (role) => state.roles[role] && [...state.roles[role].attached],
        roles: async () => Object.entries(state.roles).map(([name, { trustPolicy }]) => ({ name, trustPolicy })),
        createProvider: async ({ issuer, clientIds, thumbprints, tags }) => {
          if (state.providers[providerArn(issuer)] !== undefined) return 'exists';
          state.providers[providerArn(issuer)] = { clientIds: [...clientIds], thumbprints: [...thumbprints], tags: { ...tags } };
          return 'created';
        },
        addClientId: async (arn, clientId) => {
          if (state.providers[arn] === undefined) return 'absent';
          state.providers[arn].clientIds = [...new Set([...state.providers[arn].clientIds, clientId])];
          return 'done';
        },
        deleteProvider: async (arn) => remove(state.providers, arn),
        createRole: async ({ name, trustPolicy, tags }) => {
          if (state.roles[name] !== undefined) return 'exists';
          this.putRole(name, { trustPolicy, tags: { ...tags } });
          return 'created';
        },
        tagRole: async (role, tags) =>
          onRole(role, (found) => {
            found.tags = { ...found.tags, ...tags };
          }),
        updateTrustPolicy: async (role, document) =>
          onRole(role, (found) => {
            found.trustPolicy = document;
          }),
        putInlinePolicy: async (role, policy, document) =>
          onRole(role, (found) => {
            found.inline[policy] = document;
          }),
        deleteInlinePolicy: async (role, policy) => remove(state.roles[role]?.inline ?? {}, policy),
        detachPolicy: async (role, policyArn) => {
          const found = state.roles[role];
          if (found?.attached.includes(policyArn) !== true) return 'absent';
          found.attached = found.attached.filter((arn) => arn !== policyArn);
          return 'deleted';
        },
        deleteRole: async (name) => {
          const role = state.roles[name];
          if (role !== undefined && Object.keys(role.inline).length + role.attached.length > 0)
            throw new Error(`iam:DeleteRole ${name}: DeleteConflict`);
          return remove(state.roles, name);
        },
      },
      kube: {
        issuer: async () => this.issuer,
        namespace: async (name) => state.namespaces[name],
        serviceAccount: async ({ namespace, name }) => {
          const found = state.accounts[`${namespace}/${name}`];
          return (
            found && {
              roleArn: found.roleArn,
              made: found.made,
              annotated: found.annotators.includes('podrole-setup'),
              otherManagers: [...found.others],
            }
          );
        },
        profiles: async () => Object.entries(state.profiles).map(([name, roleArns]) => ({ name, roleArns })),
        createNamespace: async (name) => {
          state.namespaces[name] ??= { made: true };
        },
        applyServiceAccount: async ({ namespace, name, roleArn: wanted, made }) => {
          if (state.namespaces[namespace] === undefined) throw new Error(`namespaces "${namespace}" not found`);
          const others = state.accounts[`${namespace}/${name}`]?.others ?? [];
          state.accounts[`${namespace}/${name}`] = { roleArn: wanted, annotators: ['podrole-setup'], made, others };
        },
        releaseServiceAccount: async ({ namespace, name }) => {
          const found = state.accounts[`${namespace}/${name}`];
          if (found === undefined) return;
          found.annotators = found.annotators.filter((manager) => manager !== 'podrole-setup');
          found.made = false;
          if (found.annotators.length === 0) delete found.roleArn;
        },
        deleteServiceAccount: async ({ namespace, name }) => remove(state.accounts, `${namespace}/${name}`),
        deleteProfile: async (name) => remove(state.profiles, name),
        profileExists: async (name) => state.profiles[name] !== undefined,
      },
    };
  }
}

/** One call at a port. */
export interface PortCall {
  /** `aws.createRole` … */
  readonly name: string;
  readonly args: readonly unknown[];
  readonly write: boolean;
}

const READS =
  /^(aws\.(identity|cluster|provider|role|roles|inlinePolic\w+|attachedPolicies)|kube\.(issuer|namespace|serviceAccount|profiles|profileExists))$/;

/** Puts `around` in the way of every call. */
export function intercepted(ports: SetupPorts, around: (call: PortCall, run: () => Promise<unknown>) => Promise<unknown>): SetupPorts {
  const side = <T extends object>(port: T, prefix: string): T =>
    new Proxy(port, {
      get: (target, key) => {
        const name = `${prefix}.${String(key)}`;
        const call = target[key as keyof T] as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => around({ name, args, write: !READS.test(name) }, () => call.apply(target, args));
      },
    });
  return { aws: side(ports.aws, 'aws'), kube: side(ports.kube, 'kube') };
}

/** Answers calls in rounds: all that wait are answered together when nothing else can go on. What it counts are round trips one after the other. */
export function inRounds(ports: SetupPorts): { readonly ports: SetupPorts; readonly calls: PortCall[]; rounds: () => number } {
  let waiting: (() => void)[] = [];
  let count = 0;
  const calls: PortCall[] = [];
  const release = (): void => {
    const now = waiting;
    waiting = [];
    count += 1;
    for (const go of now) go();
  };
  const slow = intercepted(ports, async (call, run) => {
    calls.push(call);
    if (waiting.length === 0) setImmediate(() => setImmediate(release));
    await new Promise<void>((go) => waiting.push(go));
    return run();
  });
  return { ports: slow, calls, rounds: () => count };
}
