import { LitElement } from 'lit';
import { base, controls } from './base.ts';
import { t } from './locale.ts';
import { errorState, states } from './states.ts';

/** Instead of the page, where it cannot begin. */
class Failure extends LitElement {
  static override properties = { detail: {} };
  declare detail: string;
  static override styles = [base, controls, states];

  override render() {
    return errorState(t('errorConfig'), this.detail, () => location.reload());
  }
}

customElements.define('ui-failure', Failure);
