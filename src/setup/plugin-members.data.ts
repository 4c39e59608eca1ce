/** A part of the plugin's spec that lies outside IAM for service accounts. */
export interface OutsideBlock {
  /** What it is for, in a person's words. */
  readonly what: string;
  /** Members that must hold something when the block is there. */
  readonly required?: readonly string[];
  /** Further members that kfctl 1.0 to 1.2 knew. */
  readonly optional?: readonly string[];
}

/** Sign-in, in three forms of which a file has one. Source: the KfAwsPlugin of kfctl 1.0 to 1.2. */
export const AUTH_FORMS: Readonly<Record<string, OutsideBlock>> = {
  basicAuth: { what: 'sign-in with a static password', required: ['username', 'password'] },
  cognito: {
    what: 'sign-in with Cognito',
    required: ['cognitoAppClientId', 'cognitoUserPoolArn', 'cognitoUserPoolDomain', 'certArn'],
  },
  oidc: {
    what: 'sign-in with an OpenID Connect provider',
    required: [
      'oidcAuthorizationEndpoint',
      'oidcIssuer',
      'oidcTokenEndpoint',
      'oidcUserInfoEndpoint',
      'certArn',
      'oAuthClientId',
      'oAuthClientSecret',
    ],
  },
};

/** The other blocks of the plugin's spec that are somebody else's. */
export const OUTSIDE_BLOCKS: Readonly<Record<string, OutsideBlock>> = {
  managedRelationDatabase: {
    what: 'the external database of pipelines and metadata',
    required: ['host', 'username', 'password'],
    optional: ['port', 'database'],
  },
  managedObjectStorage: {
    what: 'the external object storage of pipelines (kfctl read it and did nothing with it)',
    required: ['endpoint', 'region', 'bucket'],
    optional: ['pathPrefix'],
  },
};
