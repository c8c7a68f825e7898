package io.coatcheck.examples.frameworks.wicket;

import org.apache.wicket.authroles.authentication.AuthenticatedWebSession;
import org.apache.wicket.authroles.authorization.strategies.role.Roles;
import org.apache.wicket.request.Request;

/** Who is logged in, and what is in the cart. */
public final class ShopSession extends AuthenticatedWebSession {

  private static final long serialVersionUID = 1L;

  private final Cart cart = new Cart();
  private String user = "nobody";

  /** Is called by Wicket. */
  public ShopSession(Request request) {
    super(request);
  }

  static ShopSession current() {
    return (ShopSession) get();
  }

  String user() {
    return user;
  }

  Cart cart() {
    return cart;
  }

  @Override
  protected boolean authenticate(String name, String password) {
    boolean isRight = password.equals("ticket");
    if (isRight) {
      // Another id, as after any login. The attributes stay.
      changeSessionId();
      user = name;
    }
    return isRight;
  }

  @Override
  public Roles getRoles() {
    return new Roles(isSignedIn() ? Roles.USER : "");
  }
}
