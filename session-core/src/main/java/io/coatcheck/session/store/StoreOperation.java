package io.coatcheck.session.store;

/**
 * The operations of a {@link SessionStore} and its capabilities that call the backend, for
 * decorators that treat them alike.
 *
 * @since 0.1.0
 */
public enum StoreOperation {
  /** {@link SessionStore#insert}. */
  INSERT("insert"),
  /** {@link SessionStore#find} and {@link NearCopies#lookUp}. */
  FIND("find"),
  /** {@link SessionStore#update}. */
  UPDATE("update"),
  /** {@link SessionStore#touch}. */
  TOUCH("touch"),
  /** Both forms of {@link SessionStore#delete(io.coatcheck.session.token.SessionId)}. */
  DELETE("delete"),
  /** {@link SessionStore#deleteExpired}. */
  DELETE_EXPIRED("deleteExpired"),
  /** {@link PrincipalIndex#findByPrincipal}. */
  FIND_BY_PRINCIPAL("findByPrincipal"),
  /** {@link PrincipalIndex#deleteByPrincipal}. */
  DELETE_BY_PRINCIPAL("deleteByPrincipal"),
  /** {@link PrincipalIndex#deleteOldest}. */
  DELETE_OLDEST("deleteOldest"),
  /** {@link LoginLimit#admit}. */
  ADMIT("admit"),
  /** {@link BatchLookup#stamps}. */
  STAMPS("stamps"),
  /** {@link BatchTouch#touchAll}. */
  TOUCH_ALL("touchAll");

  private final String methodName;

  StoreOperation(String methodName) {
    this.methodName = methodName;
  }

  /** Returns the name of the method, as events and messages show it. */
  public String methodName() {
    return methodName;
  }
}
