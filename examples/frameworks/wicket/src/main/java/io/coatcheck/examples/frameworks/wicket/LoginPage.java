package io.coatcheck.examples.frameworks.wicket;

import org.apache.wicket.authroles.authentication.AuthenticatedWebSession;
import org.apache.wicket.markup.html.WebPage;
import org.apache.wicket.markup.html.form.Form;
import org.apache.wicket.markup.html.form.PasswordTextField;
import org.apache.wicket.markup.html.form.TextField;
import org.apache.wicket.markup.html.panel.FeedbackPanel;
import org.apache.wicket.model.Model;

/** Asks who it is, and goes on to the page that was asked for. */
public final class LoginPage extends WebPage {

  private static final long serialVersionUID = 1L;

  /** Is called by Wicket. */
  public LoginPage() {
    Model<String> name = new Model<>("");
    Model<String> password = new Model<>("");
    Form<Void> form =
        new Form<>("form") {
          private static final long serialVersionUID = 1L;

          @Override
          protected void onSubmit() {
            if (AuthenticatedWebSession.get().signIn(name.getObject(), password.getObject())) {
              continueToOriginalDestination();
              setResponsePage(HomePage.class);
            } else {
              error("wrong password");
            }
          }
        };
    add(form);
    form.add(new TextField<>("name", name), new PasswordTextField("password", password));
    add(new FeedbackPanel("feedback"));
  }
}
