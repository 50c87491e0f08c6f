// What the programs that listen do with an update.

export function tell(update) {
  if (update.change === 'left') {
    console.log('left', update.left.alert_id, update.left.version);
  } else {
    const alert = update.alert;
    console.log('alert', alert.id, alert.version, alert.scenario, alert.risk, alert.title);
  }
}

// The same for an update that comes again.
export const keyOf = ({ change, alert, left }) =>
  change === 'left' ? `left ${left.alert_id} ${left.version}` : `alert ${alert.id} ${alert.version}`;
