// A stored row as people read it, and what one version changed of the one before.

const decoder = new TextDecoder();

/** The parts of a row that the page shows; undefined when there is none. */
export function readable(row) {
  if (!row) return undefined;
  const { consent, pub_properties: seen, ids = {}, removed = {}, last_seen: lastSeen } = JSON.parse(decoder.decode(row.body));
  return {
    live: consent.ok,
    consent: consent.tcf,
    updated: consent.updated,
    withdrawn: consent.withdrawn,
    lastSeen,
    domains: seen?.seen_domains ?? [],
    partners: Object.entries(ids).map(([partner, { uid, synced }]) => ({ partner, uid, synced })),
    removed: Object.entries(removed).map(([partner, at]) => ({ partner, at })),
  };
}

/** What is in `after` and was not in `before`, in a few words each; both as `readable` gives them. */
export function changes(before, after) {
  if (!after) return ['deleted'];
  if (!after.live) return ['withdrawn'];
  const from = before?.live ? before : { domains: [], partners: [], removed: [] };
  const uidOf = (row, partner) => row.partners.find((held) => held.partner === partner)?.uid;
  const partners = after.partners
    .filter(({ partner, uid }) => uidOf(from, partner) !== uid)
    .map(({ partner, uid }) => (uidOf(from, partner) === undefined ? `+ ${partner}` : `${partner} is ${uid}`));
  const gone = from.partners.filter(({ partner }) => uidOf(after, partner) === undefined).map(({ partner }) => `− ${partner}`);
  const domains = after.domains.filter((domain) => !from.domains.includes(domain)).map((domain) => `+ ${domain}`);
  const all = [...partners, ...gone, ...domains];
  if (!before) return ['made', ...all];
  if (!before.live) return ['made anew', ...all];
  if (from.consent !== after.consent) all.push('consent');
  return all.length > 0 ? all : ['times'];
}
