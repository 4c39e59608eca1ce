/** One page of a list, and IAM's marker of the next. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/** All items of a list. IAM may answer fewer than asked; only its own marker says whether there is more. */
export async function allPages<T>(page: (marker: { readonly Marker?: string }) => Promise<Page<T>>): Promise<readonly T[]> {
  const items: T[] = [];
  for (let marker: { readonly Marker?: string } | undefined = {}; marker !== undefined; ) {
    const { items: some, next }: Page<T> = await page(marker);
    items.push(...some);
    marker = next === undefined ? undefined : { Marker: next };
  }
  return items;
}
