/**
 * The milliseconds for which an answer may be kept, by its Cache-Control header (RFC 9111, section 5.2.2): `max-age`, zero for `no-store`
 * and `no-cache`, undefined when it says nothing that is understood.
 */
export function cacheAge(cacheControl: string | undefined): number | undefined {
  const directives = (cacheControl ?? '')
    .toLowerCase()
    .split(',', 20)
    .map((directive) => directive.trim());
  if (directives.includes('no-store') || directives.includes('no-cache')) return 0;
  const ages = directives.flatMap((directive) => /^max-age="?(\d{1,10})"?$/.exec(directive)?.[1] ?? []);
  const [age] = ages;
  return age === undefined ? undefined : Number(age) * 1000;
}
