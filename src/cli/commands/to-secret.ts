import type { Command } from '../command.ts'
import { decryptionOrderFlag, inputTypeFlag, keyServiceFlags } from '../flags.ts'

export const toSecretCommand: Command = {
  usage: '[flags] FILE…',
  about:
    'prints a Kubernetes Secret, in clear, made from encrypted files: `tsops to-secret app.env | kubectl apply -f -`.',
  operation: 'to-secret',
  isOurs: true,
  async flagGroups() {
    const { secretFlags } = await import('../secret-source.ts')
    const { manifestFlags } = await import('../manifest-output.ts')
    return [
      { title: 'Secret', flags: secretFlags },
      { title: 'Format', flags: [inputTypeFlag, ...manifestFlags] },
      { title: 'Keys', flags: [decryptionOrderFlag, ...keyServiceFlags] },
    ]
  },
  async run(call) {
    const { checkedManifest, openSecret } = await import('../secret-source.ts')
    const { printObjects, writeManifest } = await import('../manifest-output.ts')
    const secret = await openSecret(call)
    await writeManifest(call, printObjects(call, [checkedManifest(call, secret, 'data')]))
    return 0
  },
}
