// The names that the API server of Kubernetes accepts (apimachinery/pkg/util/validation, 1.36).

const label = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?'
const subdomain = new RegExp(`^${label}(?:\\.${label})*$`)
const qualified = /^[A-Za-z0-9](?:[-\w.]*[A-Za-z0-9])?$/
const maxSubdomain = 253
const maxLabel = 63

/** The name of most objects: a DNS subdomain. */
export function isObjectName(name: string): boolean {
  return name.length <= maxSubdomain && subdomain.test(name)
}

/** A DNS label. */
export function isNamespaceName(name: string): boolean {
  return name.length <= maxLabel && new RegExp(`^${label}$`).test(name)
}

/** A key of the data of a Secret or ConfigMap. */
export function isDataKey(key: string): boolean {
  return key.length <= maxSubdomain && /^[-._a-zA-Z0-9]+$/.test(key) && key !== '.' && !key.startsWith('..')
}

export function isLabelValue(value: string): boolean {
  return value === '' || (value.length <= maxLabel && qualified.test(value))
}

/** The key of a label or an annotation. */
export function isQualifiedName(key: string): boolean {
  const slash = key.indexOf('/')
  const prefix = slash < 0 ? undefined : key.slice(0, slash)
  const name = key.slice(slash + 1)
  return (prefix === undefined || isObjectName(prefix)) && name.length <= maxLabel && qualified.test(name)
}
