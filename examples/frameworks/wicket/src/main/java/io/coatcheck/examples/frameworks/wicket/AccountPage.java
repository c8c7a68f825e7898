package io.coatcheck.examples.frameworks.wicket;

import org.apache.wicket.authroles.authorization.strategies.role.Roles;
import org.apache.wicket.authroles.authorization.strategies.role.annotations.AuthorizeInstantiation;
import org.apache.wicket.markup.html.WebPage;
import org.apache.wicket.markup.html.basic.Label;
import org.apache.wicket.markup.html.link.Link;

/** A page for users alone. */
@AuthorizeInstantiation(Roles.USER)
public final class AccountPage extends WebPage {

  private static final long serialVersionUID = 1L;

  /** Is called by Wicket. */
  public AccountPage() {
    add(new Label("user", () -> ShopSession.current().user()));
    add(new Label("agent", () -> ShopSession.current().getClientInfo().getUserAgent()));
    add(
        new Link<Void>("logout") {
          private static final long serialVersionUID = 1L;

          @Override
          public void onClick() {
            getSession().invalidate();
            setResponsePage(HomePage.class);
          }
        });
  }
}
