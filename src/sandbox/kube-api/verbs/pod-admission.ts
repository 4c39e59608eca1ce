import { admitPod } from '../pods/pod-admission.ts';
import { admitServiceAccount, serviceAccountNameOf } from '../pods/service-account-admission.ts';
import { canonical } from '../resources/canonical.ts';
import { Refusal } from '../status/refusal.ts';
import type { AdmissionPlugin } from './admission-chain.ts';
import { suffix } from './create.ts';

/** The built-in admission of a new pod: its service account with the token volume, then tolerations, priority and the like. */
export const podAdmission: AdmissionPlugin = async ({ call, operation, object }) => {
  if (operation !== 'CREATE' || call.type.bucket !== 'pods' || !object) return { object, warnings: [] };
  const { store, newId } = call.context;
  const serviceAccount = store.get('serviceaccounts', `${call.namespace ?? ''}/${serviceAccountNameOf(object)}`);
  const withAccount = admitServiceAccount(object, { serviceAccount, suffix: suffix(newId()) });
  if (!withAccount.ok) throw new Refusal(withAccount.status);
  const admitted = admitPod(withAccount.pod);
  if (!admitted.ok) throw new Refusal(admitted.status);
  return { object: canonical(call.type, admitted.pod), warnings: [] };
};
