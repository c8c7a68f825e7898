package io.coatcheck.examples.frameworks.wicket;

import org.apache.wicket.extensions.wizard.Wizard;
import org.apache.wicket.extensions.wizard.WizardModel;
import org.apache.wicket.extensions.wizard.WizardStep;
import org.apache.wicket.markup.html.WebPage;
import org.apache.wicket.markup.html.basic.Label;
import org.apache.wicket.markup.html.form.TextField;
import org.apache.wicket.model.Model;

/** Takes an order in two steps. */
public final class OrderPage extends WebPage {

  private static final long serialVersionUID = 1L;

  /** Is called by Wicket. */
  public OrderPage() {
    Model<String> coat = new Model<>("");
    WizardModel steps = new WizardModel();
    steps.add(new CoatStep(coat));
    steps.add(new ConfirmStep(coat));
    add(
        new Wizard("wizard", steps) {
          private static final long serialVersionUID = 1L;

          @Override
          public void onFinish() {
            getSession().success("ordered a " + coat.getObject() + " coat");
            setResponsePage(HomePage.class);
          }
        });
  }

  /** Asks for the coat. */
  static final class CoatStep extends WizardStep {

    private static final long serialVersionUID = 1L;

    CoatStep(Model<String> coat) {
      add(new TextField<>("coat", coat).setRequired(true));
    }
  }

  /** Shows the coat. */
  static final class ConfirmStep extends WizardStep {

    private static final long serialVersionUID = 1L;

    ConfirmStep(Model<String> coat) {
      add(new Label("coat", coat));
    }
  }
}
