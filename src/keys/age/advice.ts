// What a person is told when no identity opened a file: where was looked, what was found, and what would help.
import type { Host } from '../../host.ts'
import { defaultKeyFile, type FoundIdentity, type LoadedIdentities } from './identity-sources.ts'

/** sops' account of the sources. */
export function describeSources({ errors, unused }: LoadedIdentities): string {
  const failed = errors.length === 0 ? '' : `. Errors while loading age identities: ${errors.join('; ')}`
  const quoted = unused.map((location) => `'${location}'`)
  const last = quoted.pop()
  if (last === undefined) return failed
  if (quoted.length === 0) return `${failed}. Did not find keys in location ${last}.`
  const comma = quoted.length > 1 ? ',' : ''
  return `${failed}. Did not find keys in locations ${quoted.join(', ')}${comma} and ${last}.`
}

/** One sentence; public sides only. */
export async function adviseOnIdentities(
  recipient: string,
  { identities }: LoadedIdentities,
  host: Host,
): Promise<string> {
  const found = await Promise.all(
    identities.map(async (identity) => `${await publicSide(identity)} (${identity.location})`),
  )
  const present = found.length === 0 ? 'No age identity was found' : `Found the identities of ${found.join(', ')}`
  return `${present}; wanted is the one of ${shorten(recipient)}: ${wayOut(recipient, host)}.`
}

function wayOut(recipient: string, host: Host): string {
  if (recipient.startsWith('ssh-')) {
    const name = recipient.startsWith('ssh-rsa') ? 'id_rsa' : 'id_ed25519'
    return `name the private key's file in SOPS_AGE_SSH_PRIVATE_KEY_FILE, or put it into ~/.ssh/${name}`
  }
  const places = ['SOPS_AGE_KEY', 'a file that SOPS_AGE_KEY_FILE names', defaultKeyFile(host)].filter(Boolean)
  return `put it into ${places.join(', or ')}`
}

async function publicSide({ identity, recipient, about }: FoundIdentity): Promise<string> {
  if (recipient !== undefined) return shorten(recipient)
  if (typeof identity !== 'string') return about ?? 'an unnamed recipient'
  const { identityToRecipient } = await import('age-encryption')
  return shorten(await identityToRecipient(identity))
}

// A post-quantum recipient fills two screens.
function shorten(recipient: string): string {
  return recipient.length > 100 ? `${recipient.slice(0, 40)}…` : recipient
}
