import { KubeApiError } from '../../../src/kube/client/errors.ts';

/** The refusal that a call must end in. */
export async function refusal(call: Promise<unknown>): Promise<KubeApiError> {
  const error = await call.then(
    () => new Error('it was not refused'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof KubeApiError) return error;
  throw error;
}
