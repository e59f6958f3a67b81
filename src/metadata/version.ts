// The `version` field: nothing cryptographic depends on it, but sops opens no file whose version it cannot read.
import { SopsError } from '../errors.ts'

const numeric = /^(?:0|[1-9]\d*)$/
const prereleasePart = /^(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)$/

/** Throws SopsError ERR_SOPS_METADATA_INVALID unless the text is a semantic version or starts with `1.`. */
export function checkVersion(version: string): void {
  if (!version.startsWith('1.')) parseVersion(version)
}

/** Whether `version` is later than the version that stands in a file. Throws as checkVersion does. */
export function isNewer(version: string, inFile: string): boolean {
  if (inFile.startsWith('1.')) return true
  const [ours, theirs] = [parseVersion(version), parseVersion(inFile)]
  for (const [place, part] of ours.core.entries()) {
    const other = theirs.core[place] ?? 0n
    if (part !== other) return part > other
  }
  return isLaterPrerelease(ours.prerelease, theirs.prerelease)
}

interface Version {
  readonly core: readonly bigint[]
  readonly prerelease: readonly string[]
}

function parseVersion(version: string): Version {
  const text = version.replace(/^v/, '')
  if (text === '') throw invalid('Version string empty')
  const match = /^([^.]*)\.([^.]*)\.([^+-]*)(?:-([^+]*))?(?:\+(.*))?$/s.exec(text)
  if (match === null) throw invalid('No Major.Minor.Patch elements found')
  const [, major = '', minor = '', patch = '', prerelease, build] = match
  const core = [major, minor, patch]
  const parts = prerelease?.split('.') ?? []
  const badPart = parts.some((part) => !prereleasePart.test(part))
  const badBuild = build?.split('.').some((part) => !/^[0-9A-Za-z-]+$/.test(part)) ?? false
  if (!core.every((part) => numeric.test(part) && part.length <= 20) || badPart || badBuild) {
    throw invalid('Invalid character(s) found in version number')
  }
  return { core: core.map(BigInt), prerelease: parts }
}

function isLaterPrerelease(ours: readonly string[], theirs: readonly string[]): boolean {
  if (ours.length === 0 || theirs.length === 0) return ours.length < theirs.length
  for (const [place, part] of ours.entries()) {
    const other = theirs[place]
    if (other === undefined) return true
    if (part === other) continue
    const [isNumber, otherIsNumber] = [numeric.test(part), numeric.test(other)]
    if (isNumber && otherIsNumber) return BigInt(part) > BigInt(other)
    return isNumber === otherIsNumber ? part > other : otherIsNumber
  }
  return false
}

function invalid(message: string): SopsError {
  return new SopsError('ERR_SOPS_METADATA_INVALID', message)
}
