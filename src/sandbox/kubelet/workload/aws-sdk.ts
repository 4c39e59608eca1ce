// A user's program: the unmodified AWS SDK for JavaScript v3 with its default credential chain. It is told nothing
// but its arguments and reads nothing but its environment. Each argument list is a sequence of steps:
//   get-caller-identity | get-object BUCKET KEY | wait
// One line of JSON per step on stdout; exit 0 when every step succeeded, 1 when AWS refused one, 2 for bad arguments.
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

interface Line {
  readonly step: string;
  readonly ok: boolean;
  readonly [fact: string]: string | boolean;
}

const say = (line: Line): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

/** The wire's own code where AWS answered, else the error's name. */
function refusal(step: string, thrown: unknown): Line {
  const error = thrown as { readonly Code?: string; readonly name?: string; readonly message?: string };
  return { step, ok: false, code: error.Code ?? error.name ?? 'Error', message: error.message ?? String(thrown) };
}

async function attempt(step: string, run: () => Promise<Readonly<Record<string, string>>>): Promise<boolean> {
  try {
    say({ step, ok: true, ...(await run()) });
    return true;
  } catch (thrown) {
    say(refusal(step, thrown));
    return false;
  }
}

async function main(steps: string[]): Promise<number> {
  let ok = true;
  for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
    if (step === 'get-caller-identity') {
      ok =
        (await attempt(step, async () => {
          const identity = await new STSClient({}).send(new GetCallerIdentityCommand({}));
          return { account: identity.Account ?? '', arn: identity.Arn ?? '', userId: identity.UserId ?? '' };
        })) && ok;
    } else if (step === 'get-object') {
      const bucket = steps.shift() ?? '';
      const key = steps.shift() ?? '';
      ok =
        (await attempt(step, async () => {
          const answer = await new S3Client({}).send(new GetObjectCommand({ Bucket: bucket, Key: key }));
          return { bucket, key, body: (await answer.Body?.transformToString()) ?? '' };
        })) && ok;
    } else if (step === 'wait') {
      await new Promise<void>((resolve) => {
        const alive = setInterval(() => undefined, 60_000);
        process.once('SIGTERM', () => {
          clearInterval(alive);
          resolve();
        });
      });
    } else {
      process.stderr.write(`aws-sdk: no step ${step}; steps are get-caller-identity, get-object BUCKET KEY, wait\n`);
      return 2;
    }
  }
  return ok ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
