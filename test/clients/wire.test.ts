import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from './support/world.ts';

/** What no typed client can be brought to send. */
describe('the exchange, byte by byte', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.close());

  const post = async (extra: string): Promise<{ status: number; type: string | null; text: string }> => {
    const good = { Action: 'AssumeRoleWithWebIdentity', Version: '2011-06-15', RoleArn: world.facts.role, RoleSessionName: 'tester' };
    const body = `${new URLSearchParams({ ...good, WebIdentityToken: await world.issuer.token() })}${extra}`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const response = await fetch(world.facts.endpoint, { method: 'POST', headers, body });
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };

  it.each(['+900+', '900.0', '9e2', '2147483648', ''])('refuses the duration "%s", which is no number to AWS', async (text) => {
    const { status, text: body } = await post(`&DurationSeconds=${text}`);
    expect(status).toBe(400);
    expect(body).toMatch(/<Code>MalformedInput<\/Code>/);
  });

  it.each(['0900', '%2B900'])('reads the duration "%s" as AWS does', async (text) => {
    const { text: body } = await post(`&DurationSeconds=${text}`);
    // It gets as far as the token, whose provider this world does not have.
    expect(body).toMatch(/<Code>InvalidIdentityToken<\/Code>/);
  });

  it('refuses lists whose members are counted from nought or begin too late', async () => {
    for (const index of ['0', '-1', '12', 'x'])
      expect((await post(`&PolicyArns.member.${index}.arn=arn:aws:iam::aws:policy/AdministratorAccess`)).text).toMatch(
        /<Code>MalformedInput<\/Code>/,
      );
  });

  it('answers refusals as XML of the service’s namespace', async () => {
    const { type, text } = await post('');
    expect(type).toBe('text/xml');
    expect(text).toMatch(
      /^<ErrorResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/">\s*<Error>\s*<Type>Sender<\/Type>\s*<Code>InvalidIdentityToken<\/Code>\s*<Message>[^<]+<\/Message>\s*<\/Error>\s*<RequestId>[0-9a-f-]{36}<\/RequestId>\s*<\/ErrorResponse>\s*$/,
    );
  });
});
