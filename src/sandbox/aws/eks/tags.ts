import type { Call } from '../world.ts';
import type { EksOperation } from './eks-api.ts';
import { type EksInput, invalidParameter, resourceNotFound, tagsOf } from './input.ts';

type Tags = Readonly<Record<string, string>>;

/** The tags of a cluster or association, and how to replace them. */
interface Tagged {
  readonly tags: Tags;
  replace(tags: Tags): void;
}

function requireTagged(call: Call, input: EksInput): Tagged {
  const { associations, clusters } = call.world.state;
  const arn = input.path.resourceArn ?? '';
  const cluster = [...clusters.values()].find((candidate) => candidate.arn === arn);
  if (cluster !== undefined) return { tags: cluster.tags, replace: (tags) => clusters.set(cluster.name, { ...cluster, tags }) };
  const association = [...associations.values()].find((candidate) => candidate.arn === arn);
  if (association !== undefined)
    return { tags: association.tags, replace: (tags) => associations.set(association.id, { ...association, tags }) };
  throw resourceNotFound(`Resource not found for ARN: ${arn}`);
}

function tagPermission(action: string): EksOperation['permission'] {
  return (input) => ({ action: `eks:${action}`, resource: input.path.resourceArn ?? '' });
}

export const listTags: EksOperation = {
  name: 'ListTagsForResource',
  permission: tagPermission('ListTagsForResource'),
  run: (input, call) => ({ tags: requireTagged(call, input).tags }),
};

export const tagResource: EksOperation = {
  name: 'TagResource',
  permission: tagPermission('TagResource'),
  run: (input, call) => {
    const tagged = requireTagged(call, input);
    const tags = { ...tagged.tags, ...tagsOf(input.body) };
    if (Object.keys(tags).length > 50) throw invalidParameter('Too many tags: at most 50 are allowed.');
    tagged.replace(tags);
    return {};
  },
};

export const untagResource: EksOperation = {
  name: 'UntagResource',
  permission: tagPermission('UntagResource'),
  run: (input, call) => {
    const tagged = requireTagged(call, input);
    const gone = new Set(input.query.getAll('tagKeys'));
    tagged.replace(Object.fromEntries(Object.entries(tagged.tags).filter(([key]) => !gone.has(key))));
    return {};
  },
};
