// `--version`: clients look for `sops ‹x.y.z›` at the start of the line and act on that release.
import { sopsVersion } from '../operations/version.ts'

/** The version in package.json, which a bundle does not have at hand. */
export const tsopsVersion = '0.1.0'

export const versionLine: string = `sops ${sopsVersion} (tsops ${tsopsVersion})`
