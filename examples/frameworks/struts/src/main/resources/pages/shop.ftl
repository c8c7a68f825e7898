<#-- One page for all that the shop answers. -->
<p>orders=${orders} language=${locale.language}</p>
<ul><#list actionMessages![] as message><li>message ${message}</li></#list>
<#list actionErrors![] as error><li>error ${error}</li></#list>
<#list fieldErrors?keys as field><li>field ${field} ${fieldErrors[field][0]}</li></#list></ul>
<form method="post" action="order"><@s.token/><button>Order</button></form>
