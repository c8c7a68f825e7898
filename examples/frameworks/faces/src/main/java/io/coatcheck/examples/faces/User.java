package io.coatcheck.examples.faces;

import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.SessionScoped;
import jakarta.faces.context.FacesContext;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import jakarta.servlet.http.HttpServletRequest;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** Who is logged in, and what is in the cart. */
@Named
@SessionScoped
@SuppressWarnings("serial") // The list is serializable; its declared type does not say so.
public class User implements Serializable {

  private static final long serialVersionUID = 1L;

  @Inject private Visitors visitors;

  private String name = "nobody";
  private final List<String> cart = new ArrayList<>();

  @PostConstruct
  void came() {
    visitors.came();
  }

  @PreDestroy
  void left() {
    visitors.left();
  }

  public String getName() {
    return name;
  }

  public void setName(String name) {
    this.name = name;
  }

  public List<String> getCart() {
    return cart;
  }

  /** Logs in, as many applications do: another id, and the name in the session. */
  public String logIn() {
    FacesContext faces = FacesContext.getCurrentInstance();
    ((HttpServletRequest) faces.getExternalContext().getRequest()).changeSessionId();
    faces.getExternalContext().getFlash().put("note", "Welcome, " + name);
    return "index?faces-redirect=true";
  }

  public String logOut() {
    FacesContext.getCurrentInstance().getExternalContext().invalidateSession();
    return "index?faces-redirect=true";
  }

  public void add() {
    cart.add("coat " + (cart.size() + 1));
  }
}
