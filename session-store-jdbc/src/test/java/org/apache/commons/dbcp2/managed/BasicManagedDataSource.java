package org.apache.commons.dbcp2.managed;

import io.coatcheck.session.jdbc.DelegatingDataSource;
import javax.sql.DataSource;

/** Stands in for the class of this name, which is recognised by its name. */
public class BasicManagedDataSource extends DelegatingDataSource {

  public BasicManagedDataSource(DataSource target) {
    super(target);
  }
}
