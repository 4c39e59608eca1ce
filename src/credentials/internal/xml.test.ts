import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStsAnswer } from './sts-answer.ts';
import { readXml } from './xml.ts';

const problemOf = (text: string): string | undefined => {
  const read = readXml(text);
  return read.ok ? undefined : read.problem;
};

describe('an XML reader for answers of AWS', () => {
  it('reads elements, attributes, text and the five entities', () => {
    const read = readXml(
      '<?xml version="1.0" encoding="UTF-8"?>\n<a xmlns="https://x/" b=\'1\'><c>x &lt;&gt;&amp;&quot;&apos; &#65;&#x42;</c><d/><c>second</c></a>\n',
    );
    expect(read.ok && read.root.name).toBe('a');
    expect(read.ok && read.root.child('c')?.text).toBe('x <>&"\' AB');
    expect(read.ok && read.root.child('d')?.text).toBe('');
    expect(read.ok && read.root.child('e')).toBeUndefined();
  });

  it.each([
    ['a DOCTYPE', '<!DOCTYPE a [<!ENTITY x "y">]><a/>', 'it carries a DOCTYPE'],
    ['a DOCTYPE in small letters inside', '<a><!doctype b></a>', 'it carries a DOCTYPE'],
    ['an entity of its own', '<a>&lol;</a>', 'it uses an entity that XML does not define'],
    ['a bare ampersand', '<a>b & c</a>', 'it uses an entity that XML does not define'],
    ['an entity named like a member of every object', '<a>&toString;</a>', 'it uses an entity that XML does not define'],
    ['a character that is none', '<a>&#x110000;</a>', 'it uses an entity that XML does not define'],
    ['a comment', '<a><!-- c --></a>', 'it is not well-formed'],
    ['CDATA', '<a><![CDATA[b]]></a>', 'it is not well-formed'],
    ['a processing instruction', '<a><?php ?></a>', 'it is not well-formed'],
    ['elements that cross', '<a><b></a></b>', 'its elements do not nest'],
    ['two roots', '<a/><b/>', 'it has more than one root'],
    ['text around', '<a/>b', 'text stands outside of its root'],
    ['the half', '<a><b>', 'it is cut off'],
    ['nothing', '', 'it holds no element'],
    ['JSON', '{"a":1}', 'text stands outside of its root'],
    ['too deep a nest', `${'<a>'.repeat(33)}${'</a>'.repeat(33)}`, 'it nests deeper than 32 elements'],
  ])('refuses %s', (_name, text, problem) => expect(problemOf(text)).toBe(problem));

  it('never throws, whatever comes', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '</',
      '/>',
      '<a>',
      '</a>',
      '<?xml',
      '?>',
      '&',
      ';',
      '&#',
      '<!',
      '"',
      '=',
      ' ',
      'a',
      '\u0000',
      '<ErrorResponse>',
      '<Code>',
      '</Code>',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          expect(typeof readXml(text).ok).toBe('boolean');
          expect(readStsAnswer('AssumeRole', text).kind).toMatch(/^(?:refusal|unreadable)$/);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['spaces in a tag', `<a${' '.repeat(200_000)}`],
    ['attributes without end', `<a${' b="c"'.repeat(30_000)}`],
    ['ampersands', `<a>${'&'.repeat(200_000)}</a>`],
    ['openings', '<a>'.repeat(50_000)],
  ])('does not choke on %s', (_name, text) => expect(problemOf(text)).toBeDefined());
});

describe('an answer of STS', () => {
  const credentials = (members: Readonly<Record<string, string>> = {}): string => {
    const all = {
      AccessKeyId: 'ASIAEXAMPLE',
      SecretAccessKey: 'a+b/c=',
      SessionToken: 'd+e/f==',
      Expiration: '2026-01-01T01:00:00Z',
      ...members,
    };
    return `<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn></AssumedRoleUser><Credentials>${Object.entries(
      all,
    )
      .map(([name, value]) => `<${name}>${value}</${name}>`)
      .join('')}</Credentials></AssumeRoleResult></AssumeRoleResponse>`;
  };

  it('is credentials', () => {
    expect(readStsAnswer('AssumeRole', credentials())).toEqual({
      kind: 'credentials',
      credentials: {
        accessKeyId: 'ASIAEXAMPLE',
        secretAccessKey: 'a+b/c=',
        sessionToken: 'd+e/f==',
        expiration: new Date('2026-01-01T01:00:00Z'),
        accountId: '111122223333',
      },
    });
  });

  it('is a refusal with AWS’s own code', () => {
    expect(
      readStsAnswer('AssumeRole', '<ErrorResponse><Error><Code>AccessDenied</Code><Message>no &amp; no</Message></Error></ErrorResponse>'),
    ).toEqual({
      kind: 'refusal',
      awsCode: 'AccessDenied',
      message: 'no & no',
    });
  });

  it.each([
    ['another action’s', 'AssumeRoleWithWebIdentity', credentials()],
    ['one without a key', 'AssumeRole', credentials({ SecretAccessKey: '' })],
    ['one with a line break in a key', 'AssumeRole', credentials({ AccessKeyId: 'A\nB' })],
    ['one without an end', 'AssumeRole', credentials({ Expiration: '' })],
    ['one whose end is a number', 'AssumeRole', credentials({ Expiration: '1767225600' })],
    ['one whose end is no day', 'AssumeRole', credentials({ Expiration: '2026-13-41T00:00:00Z' })],
    ['one whose end has no zone', 'AssumeRole', credentials({ Expiration: '2026-01-01T01:00:00' })],
    ['an error without a code', 'AssumeRole', '<ErrorResponse><Error><Message>m</Message></Error></ErrorResponse>'],
    ['a page', 'AssumeRole', '<html><body>502</body></html>'],
  ])('is unreadable when it is %s', (_name, action, body) => expect(readStsAnswer(action, body).kind).toBe('unreadable'));
});
