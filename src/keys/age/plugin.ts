// Recipients and identities that age plugins serve.
import type { Identity, Recipient, Stanza } from 'age-encryption'
import type { Host } from '../../host.ts'
import { fileKeyLength } from './file-key.ts'
import { talkToPlugin, type PluginTalk } from './plugin-session.ts'
import type { PluginStanza } from './plugin-stanza.ts'

export interface PluginKey {
  readonly name: string
  /** The recipient or identity as the user wrote it. */
  readonly text: string
}

/** Throws IdentityFailure when used. */
export function pluginRecipient({ name, text }: PluginKey, host: Host): Recipient {
  const talk: PluginTalk = { name, protocol: 'recipient-v1', secrets: [] }
  return {
    wrapFileKey: (fileKey) =>
      talkToPlugin(talk, host, async (session) => {
        const { Stanza } = await import('age-encryption')
        await session.send('add-recipient', [text])
        await session.sendGrease()
        await session.send('wrap-file-key', [], fileKey)
        await session.send('extension-labels')
        await session.send('done')
        const stanzas: Stanza[] = []
        let labelled = false
        await session.hear((stanza) => {
          if (stanza.type === 'recipient-stanza') stanzas.push(new Stanza(argumentsOf(stanza), stanza.body))
          else if (stanza.type !== 'labels') return false
          else if (labelled) throw new Error('it sent its labels twice')
          // A file has one recipient, whose labels go with themselves.
          else labelled = true
          return true
        })
        if (stanzas.length === 0) throw new Error('it sent no recipient stanza')
        return stanzas
      }),
  }
}

/** Gives null when no stanza is for it. Throws IdentityFailure. */
export function pluginIdentity({ name, text }: PluginKey, host: Host): Identity {
  const talk: PluginTalk = { name, protocol: 'identity-v1', secrets: [text] }
  return {
    unwrapFileKey: (stanzas) =>
      talkToPlugin(talk, host, async (session) => {
        await session.send('add-identity', [text])
        await session.sendGrease()
        for (const { args, body } of stanzas) await session.send('recipient-stanza', ['0', ...args], body)
        await session.send('done')
        let fileKey: Uint8Array | null = null
        await session.hear((stanza) => {
          if (stanza.type !== 'file-key') return false
          if (stanza.args.length !== 1 || stanza.args[0] !== '0' || stanza.body.length !== fileKeyLength) {
            throw new Error('it sent a malformed file-key stanza')
          }
          if (fileKey !== null) throw new Error('it sent two file keys')
          fileKey = stanza.body
          return true
        })
        return fileKey
      }),
  }
}

// There is one file key, with the index 0.
function argumentsOf({ args: [index, ...args] }: PluginStanza): string[] {
  if (index !== '0' || args.length === 0) throw new Error('it sent a malformed recipient stanza')
  return args
}
