/** The settings by which services of one application use topics that are nobody else's, on a broker that tests share. */
export function ownTopics(app: string) {
  return {
    TRANSACTIONS_TOPIC: `${app}.transactions`,
    LABELS_TOPIC: `${app}.labels`,
    LEGIT_TOPIC: `${app}.legit`,
    FRAUD_TOPIC: `${app}.fraud`,
    REJECTED_TOPIC: `${app}.rejected`,
  };
}
