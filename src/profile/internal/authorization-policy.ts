/** Options of the AuthorizationPolicy: upstream's two flags and three environment variables. */
export interface IstioOptions {
  /** `-userid-header` */
  readonly userIdHeader: string;
  /** `-userid-prefix` */
  readonly userIdPrefix: string;
  /** `ISTIO_INGRESS_GATEWAY_PRINCIPAL` */
  readonly gatewayPrincipal: string;
  /** `KFP_UI_PRINCIPAL` */
  readonly pipelineUiPrincipal: string;
  /** `NOTEBOOK_CONTROLLER_PRINCIPAL` */
  readonly notebookControllerPrincipal: string;
}

/** Upstream's policy `ns-owner-access-istio`: the owner through the gateway, the namespace itself, probes, and the notebook controller's kernel look-ups. */
export function authorizationPolicy(
  namespace: string,
  owner: string,
  options: IstioOptions,
): { readonly name: string; readonly annotations: Readonly<Record<string, string>>; readonly spec: unknown } {
  return {
    name: 'ns-owner-access-istio',
    annotations: { user: owner, role: 'admin' },
    spec: {
      rules: [
        {
          when: [{ key: `request.headers[${options.userIdHeader}]`, values: [`${options.userIdPrefix}${owner}`] }],
          from: [{ source: { principals: [options.gatewayPrincipal, options.pipelineUiPrincipal] } }],
        },
        { when: [{ key: 'source.namespace', values: [namespace] }] },
        { to: [{ operation: { paths: ['/healthz', '/metrics', '/wait-for-drain'] } }] },
        {
          from: [{ source: { principals: [options.notebookControllerPrincipal] } }],
          to: [{ operation: { methods: ['GET'], paths: ['*/api/kernels'] } }],
        },
      ],
    },
  };
}
