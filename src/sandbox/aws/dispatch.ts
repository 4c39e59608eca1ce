import type { HttpCall } from './http-call.ts';
import type { Form } from './query/form.ts';
import { queryForm } from './query/query-protocol.ts';
import { parseAuthorization } from './sigv4/authorization-header.ts';

/** The service that a request is for; Query services come with their parameters, decoded when first asked for. */
export type Destination = { readonly name: 'sts' | 'iam'; readonly form: () => Form } | { readonly name: 'eks' } | { readonly name: 's3' };

const IAM_VERSION = '2010-05-08';
const EKS_PATH = /^\/(clusters|tags)(\/|$)/;

/**
 * Tells services apart on one port: by the service in the signature's scope; unsigned, by a form's or query string's
 * `Action` and `Version`; else by path, where what EKS has no route for is S3's.
 */
export function dispatch(http: HttpCall): Destination {
  const form = (): Form => queryForm(http);
  const signedFor = parseAuthorization(http.header('authorization') ?? '')?.service;
  switch (signedFor) {
    case 'sts':
    case 'iam':
      return { name: signedFor, form };
    case 'eks':
    case 's3':
      return { name: signedFor };
    default:
  }
  const formPosted = http.method === 'POST' && (http.header('content-type') ?? '').startsWith('application/x-www-form-urlencoded');
  if (formPosted || (http.method === 'GET' && http.url.searchParams.has('Action'))) {
    return { name: versionOf(http, formPosted) === IAM_VERSION ? 'iam' : 'sts', form };
  }
  return { name: EKS_PATH.test(http.url.pathname) ? 'eks' : 's3' };
}

function versionOf(http: HttpCall, formPosted: boolean): string | undefined {
  const text = formPosted ? new TextDecoder().decode(http.body) : http.url.search;
  return /(?:^|[?&])Version=([^&]*)/.exec(text)?.[1];
}
