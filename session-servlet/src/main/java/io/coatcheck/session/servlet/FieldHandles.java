package io.coatcheck.session.servlet;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** Handles of fields, for writes without the fence of a volatile write. */
final class FieldHandles {

  private FieldHandles() {}

  /**
   * Returns the handle of a field.
   *
   * @param owner a look-up in the class that has the field
   */
  static VarHandle of(MethodHandles.Lookup owner, String field, Class<?> type) {
    try {
      return owner.findVarHandle(owner.lookupClass(), field, type);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }
}
