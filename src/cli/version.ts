// `--version`: clients look for `sops ‹x.y.z›` at the start of the line and act on that release. With
// --disable-version-check, which scripts give, the line is sops' to the byte.
import { sopsVersion } from '../operations/version.ts'
import type { FlagValues } from './argv.ts'

/** The version in package.json, which a bundle does not have at hand. */
export const tsopsVersion = '0.1.0'

export function versionLine(flags: FlagValues): string {
  const exact = flags.isOn('disable-version-check') && !flags.isOn('check-for-updates')
  return exact ? `sops ${sopsVersion}` : `sops ${sopsVersion} (tsops ${tsopsVersion})`
}
