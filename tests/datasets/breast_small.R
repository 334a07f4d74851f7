m <- function(rows, cols, start) matrix(start + seq_len(length(rows)*length(cols)) - 1, nrow=length(rows), byrow=TRUE, dimnames=list(rows, cols))
tr <- c("A1","A2","A3"); te <- c("B1","B2")
breast.TCGA <- list(
 data.train=list(mirna=m(tr,c("hsa-1","hsa-2"),0), mrna=m(tr,"TP53",10), protein=m(tr,"AKT",20), subtype=factor(c("Basal","LumA","Her2"))),
 data.test=list(mirna=m(te,c("hsa-1","hsa-2"),40), mrna=m(te,"TP53",30), subtype=factor(c("LumA","LumA"), levels=c("Basal","Her2","LumA"))))
save(breast.TCGA, file="breast_small.rda", compress="xz", version=2)
