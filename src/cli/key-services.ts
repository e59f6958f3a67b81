// Only the local key service is there yet. Asking for another one, or for none, must not end in using the keys of this
// machine.
import type { FlagValues } from './argv.ts'
import { CommandError, later } from './exit-status.ts'

export function checkKeyServices(flags: FlagValues, operation: 'encrypt' | 'decrypt'): void {
  if (flags.list('keyservice').some((address) => address !== '')) throw later('--keyservice')
  if (flags.isOn('enable-local-keyservice')) return
  const hint = 'The local key service is switched off, and there is no other.'
  throw operation === 'encrypt'
    ? new CommandError(1, 'Could not generate data key: [no key services provided, cannot update master keys]', hint)
    : new CommandError(128, 'Failed to get the data key required to decrypt the SOPS file.', hint)
}
