import { Command } from 'commander';
import type { Invocation } from '../invocation.ts';
import { documentCommands } from './issuer/documents.ts';
import { flagsCommand } from './issuer/flags.ts';
import { keygenCommand } from './issuer/keygen.ts';
import { rotateCommand } from './issuer/rotate.ts';
import { serveCommand } from './issuer/serve.ts';
import { verifyCommand } from './issuer/verify.ts';

const OVERVIEW = `
From nothing to a token that AWS takes:
  $ podrole issuer keygen sa-signer
  $ podrole issuer publish --issuer https://issuer.example.com --key sa-signer.pub --to s3://bucket --apply-bucket-policy
  $ podrole issuer flags --for kubeadm --issuer https://issuer.example.com --key /etc/kubernetes/pki/sa-signer
  $ podrole issuer verify https://issuer.example.com`;

/** `podrole issuer …`: keys and documents of a self-managed cluster's own OIDC issuer. */
export function issuerCommand(invocation: Invocation): Command {
  const issuer = new Command('issuer')
    .description('signing keys and public documents of a cluster that is not EKS')
    .addHelpText('after', OVERVIEW);
  const commands = [
    keygenCommand(invocation),
    ...documentCommands(invocation),
    serveCommand(invocation),
    verifyCommand(invocation),
    rotateCommand(invocation),
    flagsCommand(invocation),
  ];
  for (const command of commands) issuer.addCommand(command);
  return issuer;
}
