/** Values of condition keys beyond those that every request has. */
export type PermissionContext = Readonly<Record<string, string | readonly string[]>>;

/** What a call needs: an action on a resource. */
export interface Permission {
  /** `iam:GetRole`. */
  readonly action: string;
  /** ARN, or `*` for actions without a resource. */
  readonly resource: string;
  /** The resource as AWS's denial names it (`role X`); default: the ARN. */
  readonly shown?: string;
  readonly context?: PermissionContext;
}
