// Calls AWS as a program of its own would: default chain, nothing configured but the environment.
import { createInterface } from 'node:readline';
import * as eks from '@aws-sdk/client-eks';
import * as iam from '@aws-sdk/client-iam';
import * as sts from '@aws-sdk/client-sts';

const services = {
  eks: { client: new eks.EKSClient({}), commands: eks },
  iam: { client: new iam.IAMClient({}), commands: iam },
  sts: { client: new sts.STSClient({}), commands: sts },
};

async function call({ service, operation, input }) {
  const { client, commands } = services[service];
  try {
    const { $metadata: _, ...output } = await client.send(new commands[`${operation}Command`](input));
    return { ok: true, output };
  } catch (error) {
    return { ok: false, code: error.Code ?? error.name, status: error.$metadata?.httpStatusCode, message: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await call(JSON.parse(line)))}\n`);
}
