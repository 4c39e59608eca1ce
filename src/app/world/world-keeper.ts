import type { SandboxAws } from '../../sandbox/aws/create-aws.ts';
import type { KubeApi } from '../../sandbox/kube-api/create-kube-api.ts';
import type { WorldIdentity } from './world-identity.ts';

/** Keeps a sandbox's world between starts. */
export interface WorldKeeper {
  readonly identity: WorldIdentity;
  /** Gives the API its objects back and follows its writes. To be called before the API's controllers start. */
  keepKube(api: KubeApi): void;
  /** Gives the account back what it held; answers its handler, which keeps what a request changed before it answers. */
  keepAws(aws: SandboxAws): (request: Request) => Promise<Response>;
  /** Notes the ports, so that the next start can take them again. */
  started(ports: WorldIdentity['ports']): void;
  /** Writes everything in one piece and lets go of the folder; twice is fine. */
  close(): void;
}
