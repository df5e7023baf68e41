"""The original design document's three endpoints in the libraries it names: FastAPI, boto3 and httpx.

It follows the design's flow, with one call to Ozon per article and one image after the other: this is the alternative
to this project. It differs from the design only where the code there does not run ('put-object' is 'put_object'), and
in two places that make it faster: it creates one boto3 client at the start instead of one per request, and its key
check is async, because FastAPI would run a plain `def` on a thread, which doubles the cost of a request. Its settings
are the same R2_* variables and API_KEYS as for our executables, and OZON_BASE_URL.
"""
import os
from typing import List, Optional

import boto3
import httpx
from botocore.client import Config
from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

app = FastAPI()
OZON = os.environ.get("OZON_BASE_URL", "http://127.0.0.1:9401")


r2 = boto3.client(
    "s3",
    endpoint_url=os.environ["R2_ENDPOINT_URL"],
    aws_access_key_id=os.environ["R2_ACCESS_KEY_ID"],
    aws_secret_access_key=os.environ["R2_SECRET_ACCESS_KEY"],
    config=Config(signature_version="s3v4"),
    region_name="auto",
)


async def verify_api_key(x_api_key: Optional[str] = Header(None)):
    if x_api_key not in os.environ.get("API_KEYS", "").split(","):
        raise HTTPException(401, "Invalid API key")


class OzonCredential(BaseModel):
    client_id: str
    api_key: str


class OzonDownloadRequest(BaseModel):
    credential: OzonCredential
    articles: List[str]
    field: str = "offer_id"
    user_id: str
    download_images: bool = True


class PresignedUrlRequest(BaseModel):
    r2_path: str


class PushImagesRequest(BaseModel):
    credential: OzonCredential
    product_id: int = Field(..., gt=0)
    images: Optional[List[str]] = Field(None, max_length=30)
    images360: Optional[List[str]] = Field(None, max_length=70)
    color_image: Optional[str] = None


_http = httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=200))


async def ozon(cred: OzonCredential, path: str, body: dict) -> dict:
    r = await _http.post(OZON + path, json=body, headers={"Client-Id": cred.client_id, "Api-Key": cred.api_key})
    r.raise_for_status()
    return r.json()


@app.post("/api/v1/ozon/download", dependencies=[Depends(verify_api_key)])
async def download(req: OzonDownloadRequest):
    results = []
    for article in req.articles:
        try:
            info = await ozon(req.credential, "/v3/product/info/list", {req.field: [article]})
            product = info["items"][0]
            urls = product["images"]
            if not req.download_images:
                results.append(dict(article=article, product_id=product["id"], status="success",
                                    total_images=len(urls), success_images=0, failed_images=0, urls=urls))
                continue
            done = []
            for url in urls:
                try:
                    data = (await _http.get(url)).raise_for_status().content
                    key = f"users/{req.user_id}/ozon/{article}/{url.rsplit('/', 1)[-1]}"
                    r2.put_object(Bucket=os.environ["R2_BUCKET_NAME"], Key=key, Body=data)
                    done.append(f"{os.environ['R2_PUBLIC_BASE']}/{key}")
                except Exception:
                    pass
            results.append(dict(article=article, product_id=product["id"], status="success", total_images=len(urls),
                                success_images=len(done), failed_images=len(urls) - len(done), urls=done))
        except Exception as e:
            results.append(dict(article=article, status="failed", error=str(e), total_images=0,
                                success_images=0, failed_images=0, urls=[]))
    return {"success": True, "data": {
        "total_articles": len(req.articles), "processed": len(results),
        "total_images": sum(r["total_images"] for r in results),
        "success_images": sum(r["success_images"] for r in results),
        "failed_images": sum(r["failed_images"] for r in results), "items": results}}


@app.post("/api/v1/r2/presigned-url", dependencies=[Depends(verify_api_key)])
async def presigned(req: PresignedUrlRequest):
    url = r2.generate_presigned_url(
        "put_object", Params={"Bucket": os.environ["R2_BUCKET_NAME"], "Key": req.r2_path},
        ExpiresIn=3600, HttpMethod="PUT")
    return {"upload_url": url, "public_url": f"{os.environ['R2_PUBLIC_BASE']}/{req.r2_path}"}


@app.post("/api/v1/ozon/push-images", dependencies=[Depends(verify_api_key)])
async def push(req: PushImagesRequest):
    payload = {"product_id": req.product_id}
    for f in ("images", "images360", "color_image"):
        if getattr(req, f):
            payload[f] = getattr(req, f)
    await ozon(req.credential, "/v1/product/pictures/import", payload)
    info = await ozon(req.credential, "/v2/product/pictures/info", {"product_id": [str(req.product_id)]})
    return JSONResponse({"success": True, "data": {
        "product_id": req.product_id,
        "updated": {"images": len(req.images or []), "images360": len(req.images360 or []),
                    "color_image": bool(req.color_image)},
        "current_images": info["items"][0]["photo"]}})
