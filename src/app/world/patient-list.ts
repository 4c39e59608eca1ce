import { type Clock, sleep } from '../../base/clock.ts';
import { KubeApiError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';

const TRIES = 30;
const EACH_MS = 200;

/**
 * A client whose lists wait, up to six seconds, for a server that asks for it with 429: a real one does while it begins or ends to serve a
 * kind whose definition was made or deleted a moment ago ("storage is (re)initializing").
 */
export function patientList(client: KubeClient, clock: Clock): KubeClient {
  return {
    ...client,
    list: async (resource, options, signal) => {
      for (let tries = 1; ; tries++) {
        try {
          return await client.list(resource, options, signal);
        } catch (error) {
          if (tries >= TRIES || !(error instanceof KubeApiError) || error.httpStatus !== 429) throw error;
        }
        await sleep(clock, EACH_MS);
      }
    },
  };
}
